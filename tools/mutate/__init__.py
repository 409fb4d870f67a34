"""Break objects by machine, one slip at a time, and see which slips the checker finds at the right object."""

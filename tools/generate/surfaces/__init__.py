"""What the pinned upstream modules read of a cluster's objects, and what accounts for each entry in the checker."""

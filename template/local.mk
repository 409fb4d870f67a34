# Your own variables, such as TIMEOUT = 20m, and targets of make. copier update never changes this file.

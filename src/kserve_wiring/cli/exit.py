# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""What a user asked for that cannot be done."""


class UsageError(Exception):
    """One line for the user; exit code 2."""

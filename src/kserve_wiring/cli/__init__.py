# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The command line: from argv to the exit code."""

# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Rules to findings: apply them, waive, word and report."""

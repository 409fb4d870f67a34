# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""A report as text, JSON, SARIF, JUnit XML and GitHub annotations."""

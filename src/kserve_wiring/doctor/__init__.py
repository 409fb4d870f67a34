# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""From a symptom on a cluster to the wire that causes it."""

# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The images that a cluster will ever pull: found in manifests, compared with the list that an environment carries."""

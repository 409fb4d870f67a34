# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Every image that a cluster pulls: found in manifests, and compared with the image list of an environment."""

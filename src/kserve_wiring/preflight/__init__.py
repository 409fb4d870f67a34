# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Read a cluster before an environment is installed into it: what is missing, and what is somebody else's."""

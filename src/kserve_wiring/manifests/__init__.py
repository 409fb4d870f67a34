# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Files, folders, helm output and standard input to Kubernetes objects."""

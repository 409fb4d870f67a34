# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The schemas of Kubernetes and of the wired software, and what does not fit them, as strictly as the API server."""

# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The wiring of the manifests, as a picture."""

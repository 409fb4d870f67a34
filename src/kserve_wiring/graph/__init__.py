# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The wiring that was read, as a picture."""

# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Text as the Go programs of upstream parse it. Imports nothing from the rest of this package."""

# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""A repository of many environments, generated from layers of answers. Needs Copier, which the checker does not."""

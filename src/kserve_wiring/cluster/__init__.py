# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""What the objects mean to KServe, Knative, Istio and Argo CD."""

# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""``python -m kserve_wiring``."""

from kserve_wiring.cli.main import main

raise SystemExit(main())

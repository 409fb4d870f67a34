// Written by tests/live/modules/pin.py from the go.mod of github.com/external-secrets/external-secrets@v0.20.4.
module copier-kserve/tests/live/external-secrets

go 1.24

require github.com/external-secrets/external-secrets v0.20.4

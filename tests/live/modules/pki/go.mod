// The certificate authority of the test bed. Only Go's own library, so that nothing else has to be installed.
module copier-kserve/tests/live/pki

go 1.24

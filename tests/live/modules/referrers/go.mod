// A registry with the referrers API. After a change: go mod tidy.
module copier-kserve/tests/live/referrers

go 1.25.0

require github.com/google/go-containerregistry v0.21.7

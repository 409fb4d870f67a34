// Only the standard library: Go's own parser.
module copier-kserve/tools/generate/surfaces/reader

go 1.21

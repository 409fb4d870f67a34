// What the programs beside this folder share.
module copier-kserve/tests/upstream/lines

go 1.21

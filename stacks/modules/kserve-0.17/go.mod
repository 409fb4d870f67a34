// No stack: KServe's charts of another release, about which the checker must say nothing (tests/upstream/test_no_false_alarms.py).
// v0.18 is not on the module proxy. After a change: `make pin`.
module copier-kserve/stacks/kserve-0.17

go 1.24

require github.com/kserve/kserve v0.17.0

"""What tools/bench is made of: runs, callgrind's counts, charts, the guard, the curves."""

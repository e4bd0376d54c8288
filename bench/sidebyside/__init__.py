"""Side-by-side measurements of slotwise and its peers. `bench/run` and `bench/instructions` are the commands."""

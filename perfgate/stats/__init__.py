"""The decision procedures: arrays in, numbers out. numpy and scipy only; a random generator is always an argument."""

// Bodies of functions that Go only declares; never called.

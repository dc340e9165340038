"""The gate's policy, ``escape-velocity.toml``: its file (`file`) and what it says (`model`)."""

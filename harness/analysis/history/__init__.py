"""The measured revisions of a project, in first-parent order, of one environment and machine."""

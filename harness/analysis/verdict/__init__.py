"""Reports on a change or on a history: policy, gate, findings, regressions, health, news, summary.

`summary` goes through a history once and says everything that the site shows of it; `resume` lets
such a pass go on where an earlier one ended.
"""

"""Reports on a change or on a history: policy, gate, findings, news, summary."""

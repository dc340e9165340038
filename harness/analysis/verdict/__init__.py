"""What is reported of a change or of a history: policy, gate, findings, news, summary."""

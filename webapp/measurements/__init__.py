"""What GitHub is asked to measure again: confirmations of alerts, steps of bisections, reruns of pull requests.

Each request is a `Measurement` row; `webapp.measurements.lifecycle` moves it from state to state.
"""

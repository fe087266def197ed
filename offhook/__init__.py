"""offhook: durable phone calls for voice agents, on Temporal and LiveKit SIP."""

"""
Deliveries of events to the receivers that are subscribed to them.

A delivery reads what the event recorded; nothing here decides which events
there are.
"""

"""
Webhooks: deliveries of events to subscribed receivers.

A delivery sends the payload that the event recorded. Nothing here decides which
events are dispatched.
"""

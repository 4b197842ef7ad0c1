"""What the end-to-end suites share: a server to talk to, a vendor who publishes, customers with real clients.

It knows Keyway only from outside: the binary's command line and what comes over the wire.
"""

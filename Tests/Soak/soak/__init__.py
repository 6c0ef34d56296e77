"""Keeps the gateway under load for minutes while everything around it changes, and judges every call."""

"""The ways to reach people and programs: a folder each, with what it asks for (`form`) and how it sends (`transport`).

A channel computes a request of a notice and sends it by what it is given; rows, retries and the log are `delivery/`'s.
"""

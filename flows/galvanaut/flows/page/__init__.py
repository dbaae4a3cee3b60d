"""The lab page: bench, campaigns, trials and cells of a lab folder in a browser, live, read-only.

Each view is a function from a lab to plain data; `app` hands these out as JSON, and one page with one script shows
them. Everything is read from what is on disk, with `galvanaut.core.readonly`: the page makes no file, holds no lock
that a station could wait for, and works whoever runs the campaign.
"""

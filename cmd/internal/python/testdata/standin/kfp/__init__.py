"""Stands in for KFP's SDK where a test is about files that do not get as far as
using it: it has what kfp-go asks of an SDK, and compiles every pipeline to the
same text."""
import os

__version__ = os.environ.get("STANDIN_VERSION", "2.99.0")

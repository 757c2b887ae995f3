"""Runs Datadog's OpenMetrics check once a second, for the bench: run.py '{"instance": {...}, "endpoint": URL}'.

Without an Agent behind it: what the check submits is thrown away, so that only the check itself costs. The endpoint gets an
empty request after each run, which is what the bench counts.
"""

import json
import sys
import time

import requests
from datadog_checks.base import OpenMetricsBaseCheckV2
from datadog_checks.base.checks import base


class Nowhere:
    """An aggregator whose methods and constants are all there and do nothing."""

    def __getattr__(self, _name):
        return lambda *_args: 0


class Handler(OpenMetricsBaseCheckV2):
    __NAMESPACE__ = "kubevirt_handler"
    DEFAULT_METRIC_LIMIT = 0


options = json.loads(sys.argv[1])
base.aggregator = Nowhere()
check = Handler("kubevirt_handler", {}, [options["instance"]])
while True:
    begun = time.monotonic()
    error = check.run()
    if error:
        sys.exit(error)
    requests.post(options["endpoint"], timeout=10)
    time.sleep(max(0, 1 - (time.monotonic() - begun)))

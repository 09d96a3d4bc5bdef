# SPDX-License-Identifier: MIT
"""A configuration as a Python dictionary, and as the YAML that is written."""

import copy
import json
import re

PLAIN = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./:@*-]*\Z")
SHOPIFY_SECRET = "hush-the-shop-is-asleep"
PARTNER_SECRET = "partner-secret-with-some-length"
WORKFLOW_TOKEN = "wf-7f0c2d1e9a8b4c6d"
FORM_TOKEN = "form-1a2b3c4d5e6f7a8b"
SECRETS = (SHOPIFY_SECRET, PARTNER_SECRET, WORKFLOW_TOKEN, FORM_TOKEN)


def scalar(value):
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    text = str(value)
    if PLAIN.match(text) and not text.endswith(":"):
        return text
    return json.dumps(text, ensure_ascii=False)


def yaml(value, depth=0):
    """The dictionary as block YAML, with a final line end."""
    pad = "  " * depth
    lines = []
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, (dict, list)) and item:
                lines.append(f"{pad}{key}:\n{yaml(item, depth + 1)}")
            elif isinstance(item, (dict, list)):
                lines.append(f"{pad}{key}: {'{}' if item == {} else '[]'}\n")
            else:
                lines.append(f"{pad}{key}: {scalar(item)}\n")
    else:
        for item in value:
            if isinstance(item, dict):
                inner = yaml(item, depth + 1)
                lines.append(f"{pad}- {inner[len(pad) + 2:]}")
            else:
                lines.append(f"{pad}- {scalar(item)}\n")
    return "".join(lines)


def merged(base, changes):
    """base with changes laid over it; None removes a key."""
    result = copy.deepcopy(base)
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(result[key], value)
        else:
            result[key] = copy.deepcopy(value)
    return result


def standard(folder, crm, ghl_key):
    """Five sources, one destination, everything under one folder."""
    destination = {
        "url": crm.url,
        "customer_id": crm.customer,
        "token": f"file:{folder}/secrets/crm-token",
        "allow_private": True,
        "retry": ["0s", "200ms", "500ms"],
        "retry_every": "1s",
        "probe": "1s",
    }
    if crm.tls:
        destination["ca"] = crm.certificate
    else:
        destination["allow_http"] = True
    return {
        "listen": [{"address": "127.0.0.1:0"}],
        "admin": {"listen": [f"unix:{folder}/admin.sock"]},
        "store": {"path": f"{folder}/leadbridge.db", "reserve": "1MiB",
                  "low_water": "1MiB"},
        "metrics": {"log": f"{folder}/metrics.log", "interval": "1s"},
        "log": {"level": "debug"},
        "destinations": {"mega": destination},
        "sources": {
            "shop": {"platform": "shopify", "destination": "mega",
                     "secret": f"file:{folder}/secrets/shopify",
                     "country": "US", "stage_slug": "new"},
            "agency": {"platform": "ghl", "destination": "mega",
                       "secret": f"file:{ghl_key.public}",
                       "account": "ve9EPM428h8vShlRW1KT", "country": "US"},
            "workflow": {"platform": "ghl_workflow", "destination": "mega",
                         "token": f"file:{folder}/secrets/workflow",
                         "country": "US"},
            "quote-form": {"platform": "form", "destination": "mega",
                           "token": f"file:{folder}/secrets/form",
                           "country": "US"},
            "partner": {"platform": "json", "destination": "mega",
                        "secret": f"file:{folder}/secrets/partner",
                        "scheme": {"algorithm": "hmac-sha256",
                                   "header": "X-Signature",
                                   "encoding": "hex", "prefix": "sha256=",
                                   "signed": "{body}"},
                        "event_id": ".id",
                        "map": {"contact_name": ".person.full",
                                "contact_email": ".person.mail",
                                "contact_phone": ".person.tel"},
                        "source_platform": "referral",
                        "source_type": "form"},
        },
    }


def secret_files(crm):
    return {"crm-token": crm.token, "shopify": SHOPIFY_SECRET,
            "workflow": WORKFLOW_TOKEN, "form": FORM_TOKEN,
            "partner": PARTNER_SECRET}

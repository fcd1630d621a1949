"""django-plugin-system as its README uses it: many items of one type on SQLite.

peer.py <database> <items> <lookups> <cache: 0 or 1> prints the nanoseconds of a sync into an
empty database, of one with nothing to do, of one in mode update with other descriptions, and of
one selection with its call. It fails when a sync left something out.
"""

import sys
import time

import django
from django.conf import settings

file, items, lookups, cache = sys.argv[1], *map(int, sys.argv[2:5])
settings.configure(
    SECRET_KEY="benchmark",
    SALT_KEY="benchmark",
    FIELD_ENCRYPTION_KEY="benchmark",
    USE_TZ=True,
    INSTALLED_APPS=["django.contrib.contenttypes", "django_plugin_system"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DJANGO_PLUGIN_SYSTEM_USE_CACHE=bool(cache),
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": file}},
)
django.setup()

from django.core.management import call_command  # noqa: E402
from django_plugin_system.models import PluginInstance, PluginItem  # noqa: E402
from django_plugin_system.helpers import get_plugin_instance  # noqa: E402
from django_plugin_system.plugin_core import (  # noqa: E402
    BasePluginItem,
    BasePluginType,
    required_plugin_item_method,
)
from django_plugin_system.register import register_plugin_item, register_plugin_type  # noqa: E402


class Service(BasePluginType):
    name = "service"
    description = "what is selected"

    @required_plugin_item_method
    def answer(self, number): ...


class Quiet:
    def write(self, *_): ...


def answer(self, number):
    return number * 3


def timed(what):
    start = time.perf_counter_ns()
    what()
    return time.perf_counter_ns() - start


def sync(mode):
    call_command("pluginsync", mode=mode, stdout=Quiet())


def check(is_so, otherwise):
    if not is_so:
        sys.exit(otherwise)


def check_rows(description):
    """Every item is there once, with this description, and has an instance."""
    rows = PluginItem.objects.filter(description=description).values_list("name", flat=True)
    names = [item.name for item in classes]
    check(sorted(rows) == names, f"{len(rows)} of {items} items were synced")
    instances = PluginInstance.objects.count()
    check(instances == items, f"{instances} of {items} items have an instance")


def select():
    for number in range(lookups):
        get_plugin_instance(Service).answer(number)


register_plugin_type({"name": "service", "interface": Service})
classes = []
for number in range(items):
    body = {"name": f"item{number:05}", "plugin_type": Service, "description": "one", "answer": answer}
    classes.append(type(f"Item{number}", (BasePluginItem,), body))
    register_plugin_item({"plugin_class": classes[-1], "priority": number})
call_command("migrate", verbosity=0)
created = timed(lambda: sync("create"))
check_rows("one")
again = timed(lambda: sync("create"))
check_rows("one")
for item in classes:
    item.description = "another"
refreshed = timed(lambda: sync("update"))
check_rows("another")
check(get_plugin_instance(Service).answer(7) == 21, "the wrong one is selected")
print(created, again, refreshed, timed(select) // lookups)

"""Peers written in Python, each used as its documentation says.

python_peers.py make <folder> <plugins>            writes the plugins, one module each
python_peers.py versions                           prints what is measured
python_peers.py run <folder> <peer> <lookups>      loads them, and prints nanoseconds for a lookup,
                                                   or "-" where the peer has none

A run fails when the peer did not do what it is for. It says so in the last line of stderr, and without
`assert`, which Python can be told to leave out.
"""

import importlib
import io
import json
import logging
import os
import re
import sys
import time
from collections import Counter
from pathlib import Path

GROUP = "bench.plugins"

MODULE = """
from peer_types import hook, Loaded, Service

class Item(Loaded):
    namespace = "{group}.plux"
    name = "{name}"

    def __init__(self, *args):
        pass

    def load(self, state):
        state.append("{name}")

def construct(state):
    state.append("{name}")
    return state

@hook
def init_plugin(state):
    state.append("{name}")

if Service is not None:
    from django_plugin_system.plugin_core import BasePluginItem
    from django_plugin_system.register import register_plugin_item

    def answer(self, number):
        return self.name, number

    Django = type("Django_{name}", (BasePluginItem,), {{
        "name": "{name}", "plugin_type": Service, "description": "one", "answer": answer}})
    register_plugin_item({{"plugin_class": Django, "priority": {number}}})
"""

# What the modules need of the peer that is run, and of no other.
TYPES = """
import sys

peer = sys.argv[3] if len(sys.argv) > 3 else ""
hook, Loaded, Service = (lambda function: function), object, None
if peer == "pluggy":
    import pluggy
    hook = pluggy.HookimplMarker("bench")
elif peer == "plux":
    import plux
    Loaded = plux.Plugin
elif peer == "django-plugin-system":
    from django_plugin_system.plugin_core import BasePluginType, required_plugin_item_method

    class Service(BasePluginType):
        name = "service"
        description = "what is selected"

        @required_plugin_item_method
        def answer(self, number): ...
"""


def make(folder, count):
    modules = folder / "modules"
    modules.mkdir(parents=True)
    (modules / "peer_types.py").write_text(TYPES)
    names = [f"plugin_{number:05}" for number in range(count)]
    for number, name in enumerate(names):
        text = MODULE.format(name=name, number=number, group=GROUP)
        (modules / f"{name}.py").write_text(text)
        # plugo wants a folder for each.
        own = folder / "plugins" / name
        own.mkdir(parents=True)
        (own / "__init__.py").write_text("")
        (own / "plugin.py").write_text(f'def init_plugin(state, **_):\n    state.append("{name}")\n')
        (own / "metadata.json").write_text(json.dumps({"name": name, "version": "1.0.0"}))
    config = {"plugins": [{"name": name, "enabled": True} for name in names]}
    (folder / "plugins_config.json").write_text(json.dumps(config))
    (folder / "names.json").write_text(json.dumps(names))
    info = modules / "bench_peers-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bench-peers\nVersion: 1.0\n")
    groups = [("plux", "Item"), ("stevedore", "construct"), ("pluggy", None)]
    (info / "entry_points.txt").write_text("".join(
        f"[{GROUP}.{peer}]\n" + "".join(
            f"{name} = {name}" + (f":{item}\n" if item else "\n") for name in names)
        for peer, item in groups))


def by_hand(folder, names, state):
    loaded = {name: importlib.import_module(name) for name in names}
    for module in loaded.values():
        module.init_plugin(state)
    return loaded.get


def plugo(folder, names, state):
    os.environ["PLUGO_USE_VENVS"] = "false"
    os.environ["ENABLE_PLUGIN_HOT_RELOAD"] = "false"
    from plugo.services.plugin_manager import load_plugins

    logger = logging.getLogger("bench")
    logger.setLevel(logging.ERROR)
    load_plugins(str(folder / "plugins"), str(folder / "plugins_config.json"), logger, state=state)
    # What it returns are names; no plugin can be asked for.
    return None


def plux(folder, names, state):
    from plux import PluginManager

    manager = PluginManager(f"{GROUP}.plux", load_args=(state,))
    manager.load_all()
    return manager.load


def pluggy(folder, names, state):
    import pluggy

    manager = pluggy.PluginManager("bench")
    spec = pluggy.HookspecMarker("bench")

    class Specs:
        @spec
        def init_plugin(self, state): ...

    manager.add_hookspecs(Specs)
    manager.load_setuptools_entrypoints(f"{GROUP}.pluggy")
    manager.hook.init_plugin(state=state)
    return manager.get_plugin


def stevedore(folder, names, state):
    from stevedore import ExtensionManager

    manager = ExtensionManager(f"{GROUP}.stevedore", invoke_on_load=True, invoke_args=(state,))
    return manager.__getitem__


def django_plugin_system(folder, names, state):
    import django
    from django.conf import settings

    file = folder / "django.sqlite3"
    is_first = not file.exists()
    settings.configure(
        SECRET_KEY="benchmark",
        SALT_KEY="benchmark",
        FIELD_ENCRYPTION_KEY="benchmark",
        USE_TZ=True,
        INSTALLED_APPS=["django.contrib.contenttypes", "django_plugin_system"],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(file)}},
    )
    django.setup()
    from django.core.management import call_command
    from django_plugin_system.helpers import get_plugin_instance
    from django_plugin_system.register import register_plugin_type
    from peer_types import Service

    register_plugin_type({"name": "service", "interface": Service})
    for name in names:
        importlib.import_module(name)
    if is_first:
        call_command("migrate", verbosity=0)
    said = io.StringIO()
    call_command("pluginsync", mode="create", stdout=said)
    # The rows may be of an earlier run, so the sync has to have gone over as many in this one.
    synced = re.search(r"Items created: (\d+), found: (\d+)", said.getvalue())
    count = sum(map(int, synced.groups())) if synced else 0
    check(count == len(names), f"{count} of {len(names)} items were synced")
    from django_plugin_system.models import PluginInstance

    state.extend(PluginInstance.objects.values_list("item__name", flat=True))
    selected = get_plugin_instance(Service)
    check(selected is not None, "no plugin is selected")
    answer = selected.answer(7)
    check(answer == (names[0], 7), f"{answer} is the answer, and not that of `{names[0]}`")
    # Its lookup is a selection, by the database; docs/admin-benchmark.md has it.
    return None


def check(is_so, otherwise):
    if not is_so:
        sys.exit(otherwise)


def check_initialised(names, state):
    """Each name is there once, and no other."""
    counts = Counter(state)
    counts.subtract(names)
    wrong = sorted(name for name, count in counts.items() if count != 0)
    if wrong:
        sys.exit(f"{len(wrong)} of {len(names)} plugins were not initialised once, such as `{wrong[0]}`")


def check_found(names, find):
    """Each name gives its own plugin, and another name none."""
    for name in names:
        found = find(name)
        # A module, or what the peer has of it.
        own = getattr(found, "__name__", None) or getattr(found, "name", None)
        check(own == name, f"`{name}` was looked up and gave {found!r}")
    try:
        found = find("plugin_none")
    except (KeyError, ValueError):
        return
    check(found is None, f"`plugin_none` was found, and there is no such plugin: {found!r}")


def run(folder, peer, lookups):
    sys.path.insert(0, str(folder / "modules"))
    names = json.loads((folder / "names.json").read_text())
    state = []
    find = {
        "import": by_hand,
        "plugo": plugo,
        "plux": plux,
        "pluggy": pluggy,
        "stevedore": stevedore,
        "django-plugin-system": django_plugin_system,
    }[peer](folder, names, state)
    check_initialised(names, state)
    if find is None or lookups == 0:
        print("-")
        return
    check_found(names, find)
    wanted = [names[number % len(names)] for number in range(lookups)]
    start = time.perf_counter_ns()
    for name in wanted:
        find(name)
    print((time.perf_counter_ns() - start) / lookups)


def versions():
    from importlib.metadata import PackageNotFoundError, version

    found = [f"Python {sys.version.split()[0]}"]
    for peer in ["plugo", "plux", "pluggy", "stevedore", "django-plugin-system"]:
        try:
            found.append(f"{peer} {version(peer)}")
        except PackageNotFoundError:
            pass
    print(", ".join(found))


match sys.argv[1:]:
    case ["make", folder, count]:
        make(Path(folder), int(count))
    case ["versions"]:
        versions()
    case ["run", folder, peer, lookups]:
        run(Path(folder), peer, int(lookups))
    case _:
        sys.exit(__doc__)

"""A made-up household and office: systems in their own schemas, any size, same seed same bytes.

Every name, person and address is invented; addresses are private or reserved for documentation.
"""

from sentinel_pipeline.demo.configuration import demo_configuration, demo_configuration_text
from sentinel_pipeline.demo.systems import DemoSystems, make_demo

__all__ = ["DemoSystems", "demo_configuration", "demo_configuration_text", "make_demo"]

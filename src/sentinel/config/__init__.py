"""From a file of configuration to a Plan. Import what you need from its modules: this one stays quick to import."""

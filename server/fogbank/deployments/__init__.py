"""Applications on the runtime. Each is a package here and a file of model_configs."""

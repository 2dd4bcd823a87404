"""How clients speak. A dialect translates HTTP and knows no engine."""

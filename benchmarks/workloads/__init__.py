"""What is measured, one class a workload: arguments, checks of answers and tables."""

"""Runs an ECS service on this machine: several tasks, deployments, a load balancer, zones."""

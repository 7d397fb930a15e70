"""Planners that grow trees and roadmaps from random samples, over continuous spaces."""

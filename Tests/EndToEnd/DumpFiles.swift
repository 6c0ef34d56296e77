import Foundation
import TestSupport

/// The names of the dumps in a directory.
func dumpNames(_ generated: URL) -> [String] { names(in: generated).filter { $0.hasSuffix(".bin") } }

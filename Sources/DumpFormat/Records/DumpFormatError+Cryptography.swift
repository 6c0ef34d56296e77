import Cryptography

/// Runs a cryptographic operation on a dump, and reports its failure as one of the dump.
func cryptographic<Value>(
  _ operation: () throws(CryptographyError) -> Value
) throws(DumpFormatError) -> Value {
  do {
    return try operation()
  } catch {
    throw .library(error.operation)
  }
}

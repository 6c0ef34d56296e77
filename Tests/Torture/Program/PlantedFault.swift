/// A fault that is put into rounds, which shows that the judge finds it.
enum PlantedFault: String, CaseIterable {
  /// The tasks answer changes up to a second before they write them (`MEM_JOURNAL=interval`), and the judge takes each
  /// answer for a promise.
  case earlyAcknowledgement
}

export {
  catalogue,
  follows,
  networkCodes,
  transactionNames,
  transactionOf,
  type Issuing,
  type NetworkCodes,
  type PosCodes,
  type Posting,
  type TransactionName,
  type TransactionType,
  type Undo,
} from "./catalogue.ts";

declare module "ngl";
